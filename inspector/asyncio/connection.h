/* connection: what a transport is connected to: a descriptor, addresses, the process at the end of a pipe. */
#ifndef ASYNCINSPECT_ASYNCIO_CONNECTION_H
#define ASYNCINSPECT_ASYNCIO_CONNECTION_H

#include "inspector/python/python.h"
#include "inspector/target/endpoint.h"

/* Where data comes from or goes to. */
struct connection {
	int64_t fd;		  /* -1 unknown */
	const char *local, *peer; /* "127.0.0.1:80", "/run/x.sock"; NULL: none, or unknown */
	bool is_pipe, is_tls;
	bool is_writer;	    /* what waits wants to write; false: to read, to accept */
	uint64_t transport; /* the one that has the descriptor, below TLS; 0 none */
	uint64_t process;   /* a pipe of a subprocess: its transport; 0 */
	int64_t process_fd; /* which of its descriptors: 0, 1, 2 */
};

/* What a transport tells of itself in its attributes (_sock_fd, _fileno, _extra: Lib/asyncio/transports.py,
 * selector_events.py, unix_events.py), through TLS to the transport below (sslproto.py). False when the
 * object has none of them. Strings are in the arena of py. */
bool connection_of_transport(struct python *py, uint64_t transport, struct connection *connection);

/* An address as Python's sockets have it: ("127.0.0.1", 80), ("::1", 80, 0, 0), the path of a unix socket.
 * NULL: none, or an abstract one (bytes). In the arena of py. */
const char *connection_address(struct python *py, uint64_t address);

/* Adds what the kernel tells of the descriptor, when the object did not. Strings are in the arena of py. */
void connection_ask_kernel(struct python *py, struct endpoint_table *table, struct connection *connection);

#endif
