"""Processes, HTTP, the desk and the web chat: composes the parts of the house."""
