"""The Streamlit front end: it asks ``mfm_core`` and shows; it never computes a model."""
