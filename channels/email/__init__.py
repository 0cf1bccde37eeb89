"""E-mail out: letters by SMTP, and what became of them by the relay's webhook. Nobody's mailbox is read.

RFC 5321 (SMTP), 3207 (STARTTLS), 4954 (AUTH), 1870 (SIZE), 6531 (SMTPUTF8), 3463 (status codes), 3464 (delivery status),
3834 (Auto-Submitted), 8058 (one-click unsubscribe), as of November 2026.
"""

from channels.email.adapter import ADAPTER

__all__ = ["ADAPTER"]
