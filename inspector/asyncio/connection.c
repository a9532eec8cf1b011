#include "inspector/asyncio/connection.h"

#include "inspector/python/dict.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"
#include "inspector/python/type.h"

#include <string.h>

#define ADDRESS_MAX 512
#define TLS_LAYERS  4

static uint64_t attribute(struct python *py, uint64_t object, const char *name)
{
	uint64_t value;

	return object && instance_get(py, object, name, &value, NULL) && value != py->none ? value : 0;
}

const char *connection_address(struct python *py, uint64_t address)
{
	const struct pytype *type = address ? pytype_of(py, address, NULL) : NULL;
	const char *host, *path;
	uint64_t item, port;

	if (!type)
		return NULL;
	if (pytype_is_str(type)) {
		path = pystr_arena(py, address, ADDRESS_MAX, NULL);
		return path && *path ? path : NULL;
	}
	if (type->kind != KIND_TUPLE || !sequence_item(py, address, 0, &item, NULL) ||
		!(host = pystr_arena(py, item, ADDRESS_MAX, NULL)) ||
		!sequence_item(py, address, 1, &item, NULL) || !pyint_unsigned(py, item, &port, NULL))
		return NULL;
	return arena_printf(
		py->arena, strchr(host, ':') ? "[%s]:%llu" : "%s:%llu", host, (unsigned long long)port);
}

/* _extra is the dict of get_extra_info(). */
static void read_extra(struct python *py, uint64_t transport, struct connection *c)
{
	uint64_t extra = attribute(py, transport, "_extra"), value;

	if (!extra || !pytype_is_dict(pytype_of(py, extra, NULL)))
		return;
	if (!c->peer && pydict_get(py, extra, "peername", &value, NULL))
		c->peer = connection_address(py, value);
	if (!c->local && pydict_get(py, extra, "sockname", &value, NULL))
		c->local = connection_address(py, value);
}

/* A pipe's protocol is ReadSubprocessPipeProto or its base: proc is the subprocess's transport, fd which of
 * its descriptors (Lib/asyncio/base_subprocess.py). */
static void read_pipe(struct python *py, uint64_t transport, struct connection *c)
{
	uint64_t protocol = attribute(py, transport, "_protocol"), fd;

	c->is_pipe = true;
	c->process = attribute(py, protocol, "proc");
	if (!c->process || !(fd = attribute(py, protocol, "fd")) ||
		!pyint_signed(py, fd, &c->process_fd, NULL))
		c->process = 0;
}

bool connection_of_transport(struct python *py, uint64_t transport, struct connection *connection)
{
	uint64_t below, fd;

	*connection = (struct connection){.fd = -1};
	for (int i = 0; i < TLS_LAYERS; i++) {
		below = attribute(py, attribute(py, transport, "_ssl_protocol"), "_transport");
		if (!below)
			break;
		connection->is_tls = true;
		transport = below;
	}
	connection->transport = transport;
	/* A transport that has closed its descriptor still knows the number. */
	fd = attribute(py, transport, "_sock") ? attribute(py, transport, "_sock_fd") : 0;
	if (attribute(py, transport, "_pipe")) {
		fd = attribute(py, transport, "_fileno");
		read_pipe(py, transport, connection);
	}
	if (fd)
		pyint_signed(py, fd, &connection->fd, NULL);
	read_extra(py, transport, connection);
	return connection->fd >= 0 || connection->peer || connection->local;
}

void connection_ask_kernel(struct python *py, struct endpoint_table *table, struct connection *connection)
{
	struct endpoint endpoint;

	if (connection->fd < 0 || (connection->local && connection->peer) ||
		!endpoint_find(table, connection->fd, &endpoint))
		return;
	if (!connection->local && endpoint.local)
		connection->local = arena_strdup(py->arena, endpoint.local);
	if (!connection->peer && endpoint.peer)
		connection->peer = arena_strdup(py->arena, endpoint.peer);
	connection->is_pipe = connection->is_pipe || strcmp(endpoint.kind, "pipe") == 0;
}
