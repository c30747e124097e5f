"""Everything that goes over the network and is not the data plane of a bucket."""
