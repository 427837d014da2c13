"""Published exports: what is in a feed, how it is written, when it is generated again, and how it is read quickly.

Owns tables `feeds feed_versions`; emits `feed.generated` and `feed.failed`.

    service     create, publish, unpublish, list                          (one transaction each)
    generate    the job's flow: read in batches, write to the blob store, make it current
    published   what the public route asks: in-process cache, due generations, one poller for many who wait
    items rules row -> FeedItem, pure      formats/ FeedItem -> bytes, one file per template
"""
