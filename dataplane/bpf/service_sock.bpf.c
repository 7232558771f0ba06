/* Services for the node's own sockets, those of its pods first of all: a call that names a service gets a backend instead,
 * once, so its packets need no translation. Attached to the node's cgroup. What the program asked for is what it is told
 * later (getpeername, recvfrom). */
#include <uapi/linux/bpf.h>
#include <uapi/linux/in.h>

#include "count.h"
#include "select.h"

#define REFUSE 0
#define PROCEED 1

/* The service of an address and port: a cluster IP, or a node port of any node. */
static __always_inline struct service *find_service(struct bpf_sock_addr *ctx)
{
	struct service_key key = {.address = ctx->user_ip4, .port = ctx->user_port, .protocol = ctx->protocol};

	struct service *service = services.lookup(&key);
	if (service || !node_addresses.lookup(&key.address))
		return service;
	key.address = 0;
	return services.lookup(&key);
}

static __always_inline void remember(struct bpf_sock_addr *ctx, u64 cookie, const struct backend *backend)
{
	struct socket_key key = {.cookie = cookie, .address = backend->address, .port = backend->port};
	struct socket_service service = {.address = ctx->user_ip4, .port = ctx->user_port};

	sockets.update(&key, &service);
}

static __always_inline int refuse(u32 service)
{
	COUNT(socket_refused);
	count_refusal(service);
	bpf_set_retval(-ECONNREFUSED);
	return REFUSE;
}

static __always_inline int translate(struct bpf_sock_addr *ctx)
{
	struct backend backend = {};

	struct service *service = find_service(ctx);
	if (!service) {
		COUNT(socket_other);
		return PROCEED;
	}
	/* By socket: each gets a backend of its own, and a socket that sends datagrams keeps to one. */
	u64 cookie = bpf_get_socket_cookie(ctx);
	u32 hash = hash_end(hash_word(hash_word(0, cookie), cookie >> 32));
	u32 id = service->id;
	if (!choose_backend(service, hash, &backend)) {
		service = find_service(ctx);
		if (!service || !choose_backend(service, hash, &backend))
			return refuse(id);
		id = service->id;
	}
	remember(ctx, cookie, &backend);
	count_connection(member_counters(id, backend.address, backend.port));
	count_connection(service_counters(id));
	COUNT(socket_translated);
	ctx->user_ip4 = backend.address;
	ctx->user_port = backend.port;
	return PROCEED;
}

static __always_inline int translate_back(struct bpf_sock_addr *ctx)
{
	struct socket_key key = {
		.cookie = bpf_get_socket_cookie(ctx), .address = ctx->user_ip4, .port = ctx->user_port};

	struct socket_service *service = sockets.lookup(&key);
	if (service) {
		ctx->user_ip4 = service->address;
		ctx->user_port = service->port;
	}
	return PROCEED;
}

int service_connect4(struct bpf_sock_addr *ctx)
{
	return translate(ctx);
}

int service_sendmsg4(struct bpf_sock_addr *ctx)
{
	return translate(ctx);
}

int service_recvmsg4(struct bpf_sock_addr *ctx)
{
	return translate_back(ctx);
}

int service_getpeername4(struct bpf_sock_addr *ctx)
{
	return translate_back(ctx);
}
