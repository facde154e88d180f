"""Other people's files and our weights, one file a format."""
