"""Who somebody is: passwords, tokens and what each may do, mailed links.

Owns tables `access_grants`, `signing_keys`, `mailed_links`; emits no events. A token carries only the id of its grant;
the grant is read on every request, so that revoking it works at once.
"""
