#include "inspector/target/endpoint.h"

#include "inspector/base/addrmap.h"
#include "inspector/target/proc_file.h"
#include "inspector/target/target_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A longer line is none of these tables'. */
#define LINE_MOST ((size_t)1 << 16)
/* A line of net/tcp. */
#define ONE_LINE ((size_t)150)
/* So many are read one by one. */
#define LINES_FIRST 32

/* A table of sockets, which is read as far as it has to be: the kernel looks through every bucket of a hash
 * table of up to 512 Ki for the connections that follow the listening sockets, which takes milliseconds. */
struct socket_file {
	const char *name, *kind;
	const char *protocol; /* how the name of the protocol begins of what it has: socket_protocol */
	bool is_v6;
};

static const struct socket_file files[] = {
	{"net/tcp", "tcp", "TCP", false},
	{"net/tcp6", "tcp", "TCPv6", true},
	{"net/udp", "udp", "UDP", false},
	{"net/udp6", "udp", "UDPv6", true},
	{"net/unix", "unix", "UNIX", false},
};

enum { FILES = sizeof(files) / sizeof(files[0]) };

/* How far a file was read. */
struct reading {
	bool is_open, is_done;
	int fd;
	size_t reads;	    /* that were made */
	bool has_titles;    /* the first line was seen */
	struct strbuf text; /* owned; what is not parsed yet: the beginning of a line */
};

struct endpoint_table {
	const struct target *target; /* borrowed */
	struct arena *arena;	     /* owned */
	struct addrmap by_inode;     /* inode of a socket -> struct endpoint * in the arena */
	struct reading readings[FILES];
};

struct endpoint_table *endpoint_table_create(const struct target *t)
{
	struct endpoint_table *table = xcalloc(1, sizeof(*table));

	table->target = t;
	table->arena = arena_create();
	return table;
}

static void end_reading(struct reading *r)
{
	if (r->is_open)
		close(r->fd);
	strbuf_deinit(&r->text);
	r->is_open = false;
	r->is_done = true;
}

void endpoint_table_destroy(struct endpoint_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < FILES; i++)
		end_reading(&table->readings[i]);
	addrmap_deinit(&table->by_inode);
	arena_destroy(table->arena);
	free(table);
}

static void add_socket(struct endpoint_table *table, uint64_t inode, const struct endpoint *endpoint)
{
	struct endpoint *kept = arena_alloc(table->arena, sizeof(*kept));

	*kept = *endpoint;
	if (inode)
		addrmap_put(&table->by_inode, inode, (uint64_t)(uintptr_t)kept);
}

/* net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c: words of the address as the processor has them, then the port. An
 * address of all zeros with port 0 is none. */
static const char *read_address(struct endpoint_table *table, const char *text, bool is_v6)
{
	uint32_t words[4] = {0};
	char shown[INET6_ADDRSTRLEN];
	unsigned port;
	int count = is_v6 ? sscanf(text, "%8x%8x%8x%8x:%x", &words[0], &words[1], &words[2], &words[3], &port)
			  : sscanf(text, "%8x:%x", &words[0], &port);

	if (count != (is_v6 ? 5 : 2) || (!port && !(words[0] | words[1] | words[2] | words[3])) ||
		!inet_ntop(is_v6 ? AF_INET6 : AF_INET, words, shown, sizeof(shown)))
		return NULL;
	return arena_printf(table->arena, is_v6 ? "[%s]:%u" : "%s:%u", shown, port);
}

/* "sl: local remote state tx:rx tr:when retransmits uid timeout inode ..." */
static void read_inet_line(struct endpoint_table *table, const char *line, const char *kind, bool is_v6)
{
	char local[64], remote[64];
	unsigned long long inode;

	if (sscanf(line, " %*[^:]: %63s %63s %*s %*s %*s %*s %*s %*s %llu", local, remote, &inode) != 3)
		return;
	add_socket(table, inode,
		&(struct endpoint){.kind = kind,
			.local = read_address(table, local, is_v6),
			.peer = read_address(table, remote, is_v6)});
}

/* "num: refcount protocol flags type state inode path", net/unix/af_unix.c. Who is at the other end, the
 * table does not tell. */
static void read_unix_line(struct endpoint_table *table, const char *line)
{
	unsigned long long inode;
	int path = 0;

	if (sscanf(line, " %*[^:]: %*s %*s %*s %*s %*s %llu%n", &inode, &path) != 1)
		return;
	while (line[path] == ' ')
		path++;
	add_socket(table, inode,
		&(struct endpoint){.kind = "unix",
			.local = line[path] ? arena_strdup(table->arena, line + path) : NULL});
}

static void read_line(struct endpoint_table *table, size_t file, const char *line)
{
	if (!table->readings[file].has_titles)
		table->readings[file].has_titles = true;
	else if (strcmp(files[file].kind, "unix") == 0)
		read_unix_line(table, line);
	else
		read_inet_line(table, line, files[file].kind, files[file].is_v6);
}

/* What has arrived, but for the line that is not whole yet. */
static void read_lines(struct endpoint_table *table, size_t file)
{
	struct strbuf *text = &table->readings[file].text;
	char *line = text->text, *end;

	while (line && (end = strchr(line, '\n'))) {
		*end = '\0';
		read_line(table, file, line);
		line = end + 1;
	}
	if (!line)
		return;
	text->length -= (size_t)(line - text->text);
	memmove(text->text, line, text->length + 1);
}

static bool open_file(struct endpoint_table *table, size_t file)
{
	struct reading *r = &table->readings[file];

	if (!r->is_open && !r->is_done) {
		r->fd = openat(table->target->proc, files[file].name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		r->is_open = r->fd >= 0;
	}
	return r->is_open;
}

/* Reads on in a file until it has the socket. */
static bool find_in(struct endpoint_table *table, size_t file, uint64_t inode, uint64_t *found)
{
	struct reading *r = &table->readings[file];
	char block[4096];
	ssize_t got;
	size_t room;

	if (!open_file(table, file))
		return false;
	/* The kernel goes through its table, which is large, until it has more than was asked for: sockets
	 * that listen come first, and unless it is the last of them that is looked for it stops there. */
	for (;;) {
		room = r->reads++ < LINES_FIRST ? ONE_LINE : sizeof(block);
		got = read(r->fd, block, room);
		if (!got)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || r->text.length > LINE_MOST)
			break;
		strbuf_append_bytes(&r->text, block, (size_t)got);
		read_lines(table, file);
		if (addrmap_get(&table->by_inode, inode, found))
			return true;
	}
	end_reading(r);
	return false;
}

/* The name of a socket's protocol, "TCPv6" or "UNIX-STREAM", as sock_ops of net/socket.c tell it in an
 * extended attribute; empty when it is not told. */
static void socket_protocol(const struct endpoint_table *table, int fd, char *name, size_t size)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/fd/%d", table->target->proc, fd);
	length = getxattr(path, "system.sockprotoname", name, size - 1);
	name[length > 0 ? length : 0] = '\0';
}

static bool may_have(const struct socket_file *file, const char *protocol)
{
	return !*protocol || strcmp(protocol, file->protocol) == 0 ||
	       (strcmp(file->protocol, "UNIX") == 0 && strncmp(protocol, "UNIX-", 5) == 0);
}

static bool is_known(const char *protocol)
{
	for (size_t i = 0; i < FILES; i++)
		if (*protocol && may_have(&files[i], protocol))
			return true;
	return false;
}

static struct endpoint find_socket(struct endpoint_table *table, int fd, uint64_t inode)
{
	char protocol[64];
	uint64_t found;
	bool done = addrmap_get(&table->by_inode, inode, &found);

	if (!done) {
		socket_protocol(table, fd, protocol, sizeof(protocol));
		if (!is_known(protocol))
			*protocol = '\0';
	}
	for (size_t i = 0; !done && i < FILES; i++)
		done = may_have(&files[i], protocol) && find_in(table, i, inode, &found);
	return done ? *(const struct endpoint *)(uintptr_t)found : (struct endpoint){.kind = "socket"};
}

bool endpoint_find(struct endpoint_table *table, int64_t fd, struct endpoint *endpoint)
{
	char name[32], link[PATH_MAX];
	unsigned long long inode;

	if (table->target->kind != TARGET_LIVE || table->target->proc < 0 || fd < 0 || fd > INT_MAX)
		return false;
	snprintf(name, sizeof(name), "fd/%d", (int)fd);
	if (!*proc_link(table->target->proc, name, link, sizeof(link)))
		return false;
	if (sscanf(link, "socket:[%llu]", &inode) == 1) {
		*endpoint = find_socket(table, (int)fd, inode);
		return true;
	}
	if (strncmp(link, "pipe:", 5) == 0)
		*endpoint = (struct endpoint){.kind = "pipe"};
	else
		*endpoint = (struct endpoint){.kind = "file", .local = arena_strdup(table->arena, link)};
	return true;
}
