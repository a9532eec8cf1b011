#include "inspector/target/endpoint.h"

#include "inspector/base/addrmap.h"
#include "inspector/target/proc_file.h"
#include "inspector/target/target_private.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct endpoint_table {
	const struct target *target; /* borrowed */
	struct arena *arena;	     /* owned */
	struct addrmap by_inode;     /* inode of a socket -> struct endpoint * in the arena */
	bool is_read;		     /* the tables of /proc/PID/net were read */
};

struct endpoint_table *endpoint_table_create(const struct target *t)
{
	struct endpoint_table *table = xcalloc(1, sizeof(*table));

	table->target = t;
	table->arena = arena_create();
	return table;
}

void endpoint_table_destroy(struct endpoint_table *table)
{
	if (!table)
		return;
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

static void read_table(struct endpoint_table *table, const char *name, const char *kind, bool is_v6)
{
	struct strbuf text = STRBUF_INIT;
	int errnum;
	char *line, *rest = NULL;

	if (!proc_file_read(table->target->proc, name, &text, &errnum)) {
		strbuf_deinit(&text);
		return;
	}
	/* The first line has the titles. */
	line = text.text ? strtok_r(text.text, "\n", &rest) : NULL;
	while (line && (line = strtok_r(NULL, "\n", &rest)) != NULL) {
		if (strcmp(kind, "unix") == 0)
			read_unix_line(table, line);
		else
			read_inet_line(table, line, kind, is_v6);
	}
	strbuf_deinit(&text);
}

static void read_tables(struct endpoint_table *table)
{
	if (table->is_read)
		return;
	table->is_read = true;
	read_table(table, "net/tcp", "tcp", false);
	read_table(table, "net/tcp6", "tcp", true);
	read_table(table, "net/udp", "udp", false);
	read_table(table, "net/udp6", "udp", true);
	read_table(table, "net/unix", "unix", false);
}

bool endpoint_find(struct endpoint_table *table, int64_t fd, struct endpoint *endpoint)
{
	char name[32], link[PATH_MAX];
	unsigned long long inode;
	uint64_t found;

	if (table->target->kind != TARGET_LIVE || table->target->proc < 0 || fd < 0 || fd > INT_MAX)
		return false;
	snprintf(name, sizeof(name), "fd/%d", (int)fd);
	if (!*proc_link(table->target->proc, name, link, sizeof(link)))
		return false;
	if (sscanf(link, "socket:[%llu]", &inode) == 1) {
		read_tables(table);
		if (addrmap_get(&table->by_inode, inode, &found))
			*endpoint = *(const struct endpoint *)(uintptr_t)found;
		else
			*endpoint = (struct endpoint){.kind = "socket"};
		return true;
	}
	if (strncmp(link, "pipe:", 5) == 0)
		*endpoint = (struct endpoint){.kind = "pipe"};
	else
		*endpoint = (struct endpoint){.kind = "file", .local = arena_strdup(table->arena, link)};
	return true;
}
