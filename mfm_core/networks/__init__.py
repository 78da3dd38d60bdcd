"""What an encoder or decoder can be."""
