"""The official data: finding, reading, streaming and storing the published files."""
