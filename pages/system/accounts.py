"""Accounts and the audit log."""

import streamlit as st

st.write("x")
