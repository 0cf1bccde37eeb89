"""Policies and care: the place of their routes."""

from __future__ import annotations

from gateway.api.declare import Routes

routes = Routes("policies")
