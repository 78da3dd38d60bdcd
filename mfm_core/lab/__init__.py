"""Lab: small models trained while somebody looks, with what they have learnt so far measured on held-out samples."""
