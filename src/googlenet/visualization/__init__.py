"""Looks inside a network: pictures that excite its units, its filters, a picture's way through it, attributions."""
