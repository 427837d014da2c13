"""Connected shops: connect, disconnect, credentials, status; decision G10 is kept here.

Owns tables `stores`, `store_credentials`; emits `store.connected`, `store.disconnected`, `store.needs_reauth`.
"""
