"""Who did what: entries that outlive what they speak of.

Owns table `audit_entries`.
"""
