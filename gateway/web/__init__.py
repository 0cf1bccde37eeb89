"""What every page of the gateway shares: security headers, static files, templates, limits."""
