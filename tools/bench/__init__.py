"""The benchmark of docs/performance.md: the gateway beside two yardsticks on the same machine in the same run."""
