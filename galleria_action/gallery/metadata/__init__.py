"""The metadata document: reading, checking, the model, and what is taken out of it before it is published."""
