"""Shared by the pages: state in the link, jobs, stored models, names, prose and downloads."""
