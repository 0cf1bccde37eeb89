"""The whole story without any account anywhere: local platforms, simulated customers, an advisor."""
