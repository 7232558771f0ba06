/* Services for the node's own sockets, those of its pods first of all: a call that names a service gets a backend instead,
 * once, so its packets need no translation. Attached to the node's cgroup. What the program asked for is what it is told
 * later (getpeername, recvfrom). */
#include <uapi/linux/bpf.h>
#include <uapi/linux/in.h>

#include "count.h"
#include "select.h"

#define REFUSE 0
#define PROCEED 1

/* What a call names. */
struct target {
	u32 address;
	u16 port;
	u8 protocol;
};

/* An IPv4 address as IPv6 sockets write it: ::ffff:a.b.c.d. Programs that open nothing but IPv6 sockets are common. */
static __always_inline int is_mapped(struct bpf_sock_addr *ctx)
{
	return ctx->user_ip6[0] == 0 && ctx->user_ip6[1] == 0 && ctx->user_ip6[2] == htonl(0xffff);
}

/* The service of an address and port: a cluster IP, or a node port of any node. */
static __always_inline struct service *find_service(const struct target *target)
{
	struct service_key key = {.address = target->address, .port = target->port, .protocol = target->protocol};

	struct service *service = services.lookup(&key);
	if (service || !node_addresses.lookup(&key.address))
		return service;
	key.address = 0;
	return services.lookup(&key);
}

static __always_inline void remember(u64 cookie, const struct target *target, const struct backend *backend)
{
	struct socket_key key = {.cookie = cookie, .address = backend->address, .port = backend->port};
	struct socket_service service = {.address = target->address, .port = target->port};

	sockets.update(&key, &service);
}

static __always_inline int refuse(u32 service)
{
	COUNT(socket_refused);
	count_refusal(service);
	bpf_set_retval(-ECONNREFUSED);
	return REFUSE;
}

/* Puts a backend in the place of a service. */
static __always_inline int translate(u64 cookie, struct target *target)
{
	struct backend backend = {};

	struct service *service = find_service(target);
	if (!service) {
		COUNT(socket_other);
		return PROCEED;
	}
	/* By socket: each gets a backend of its own, and a socket that sends datagrams keeps to one. */
	u32 hash = hash_end(hash_word(hash_word(0, cookie), cookie >> 32));
	u32 id = service->id;
	if (!choose_backend(service, hash, &backend)) {
		service = find_service(target);
		if (!service || !choose_backend(service, hash, &backend))
			return refuse(id);
		id = service->id;
	}
	remember(cookie, target, &backend);
	count_connection(member_counters(id, backend.address, backend.port));
	count_connection(service_counters(id));
	COUNT(socket_translated);
	target->address = backend.address;
	target->port = backend.port;
	return PROCEED;
}

/* Puts the service in the place of a backend that was asked under its address. */
static __always_inline void translate_back(u64 cookie, struct target *target)
{
	struct socket_key key = {.cookie = cookie, .address = target->address, .port = target->port};

	struct socket_service *service = sockets.lookup(&key);
	if (service) {
		target->address = service->address;
		target->port = service->port;
	}
}

static __always_inline int call4(struct bpf_sock_addr *ctx)
{
	struct target target = {.address = ctx->user_ip4, .port = ctx->user_port, .protocol = ctx->protocol};

	if (translate(bpf_get_socket_cookie(ctx), &target) == REFUSE)
		return REFUSE;
	ctx->user_ip4 = target.address;
	ctx->user_port = target.port;
	return PROCEED;
}

static __always_inline int call6(struct bpf_sock_addr *ctx)
{
	struct target target = {.address = ctx->user_ip6[3], .port = ctx->user_port, .protocol = ctx->protocol};

	if (!is_mapped(ctx))
		return PROCEED;
	if (translate(bpf_get_socket_cookie(ctx), &target) == REFUSE)
		return REFUSE;
	ctx->user_ip6[3] = target.address;
	ctx->user_port = target.port;
	return PROCEED;
}

static __always_inline int tell4(struct bpf_sock_addr *ctx)
{
	struct target target = {.address = ctx->user_ip4, .port = ctx->user_port};

	translate_back(bpf_get_socket_cookie(ctx), &target);
	ctx->user_ip4 = target.address;
	ctx->user_port = target.port;
	return PROCEED;
}

static __always_inline int tell6(struct bpf_sock_addr *ctx)
{
	struct target target = {.address = ctx->user_ip6[3], .port = ctx->user_port};

	if (!is_mapped(ctx))
		return PROCEED;
	translate_back(bpf_get_socket_cookie(ctx), &target);
	ctx->user_ip6[3] = target.address;
	ctx->user_port = target.port;
	return PROCEED;
}

int service_connect4(struct bpf_sock_addr *ctx)
{
	return call4(ctx);
}

int service_connect6(struct bpf_sock_addr *ctx)
{
	return call6(ctx);
}

int service_sendmsg4(struct bpf_sock_addr *ctx)
{
	return call4(ctx);
}

int service_sendmsg6(struct bpf_sock_addr *ctx)
{
	return call6(ctx);
}

int service_recvmsg4(struct bpf_sock_addr *ctx)
{
	return tell4(ctx);
}

int service_recvmsg6(struct bpf_sock_addr *ctx)
{
	return tell6(ctx);
}

int service_getpeername4(struct bpf_sock_addr *ctx)
{
	return tell4(ctx);
}

int service_getpeername6(struct bpf_sock_addr *ctx)
{
	return tell6(ctx);
}
