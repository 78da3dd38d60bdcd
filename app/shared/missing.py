"""Message of a page that has nothing to show."""

from __future__ import annotations

import logging

import streamlit as st

MISSING = """
## There is no model to show yet

The pictures on this page are made by a trained model, which is stored in the folder `pretrained/svhn_mnist`.
It is not there, or it is damaged.

* If you cloned the project, fetch the whole repository: the folder is part of it.
* To train the model yourself: the section "Bring the data, train, evaluate" of the README has the commands. Give the
  last training `--store pretrained/svhn_mnist`; then `python -m mfm_core evaluate svhn_mnist --save` stores the codes.
"""


def show(reason: object = "no model is stored", text: str = MISSING) -> None:
    """Say it to the visitor, and the reason to the log."""
    logging.getLogger(__name__).warning("%s", reason)
    st.markdown(text)
