"""Personal data: what we hold of a customer is exported or erased when a platform passes on such a request.

Owns table `privacy_requests`.
"""
