"""Tar files of samples, as WebDataset reads them."""
