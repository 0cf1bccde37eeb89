"""The clock: due timers, expired leases, retention."""
