"""Tables, claims, transactions and migrations: what is kept, and that it is kept once."""
