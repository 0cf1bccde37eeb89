"""Every platform as a strict local server: what the tests, the demo and the benchmark talk to."""
