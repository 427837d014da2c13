"""Job rows: record, claim, renew, finish, sweep. Owns table `jobs`; `backend.jobs` holds what the jobs do."""
