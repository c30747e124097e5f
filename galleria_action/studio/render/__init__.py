"""Pictures made of pictures: sizes, by whichever library is there."""
