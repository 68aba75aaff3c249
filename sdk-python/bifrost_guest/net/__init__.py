"""Sockets and TLS for libraries that speak HTTP, over the host's HTTP.

There is no network in the sandbox. What a library writes to a socket is read as HTTP/1.1
and given to the host; the host's answer is written back to it as HTTP/1.1.
"""
