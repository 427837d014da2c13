"""The panel's pages, one file each: read services, build a context, render."""
