"""Between the bucket and its visitors: routers, caches that hold what was deployed before, and a look from outside."""
