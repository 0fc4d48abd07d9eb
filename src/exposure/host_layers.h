// SPDX-License-Identifier: MIT
/* host_layers.h - what may stop packets of every interface and is neither read nor run here: is it in use? */
#ifndef SOCKVIEW_EXPOSURE_HOST_LAYERS_H
#define SOCKVIEW_EXPOSURE_HOST_LAYERS_H

/* LAYER_BIT()s. */
struct host_layers {
	unsigned in_use;
	unsigned unasked; /* it could not be asked whether they are in use */
};

/* Programs of sk_lookup and of netfilter's hooks, policies of IPsec. */
struct host_layers host_layers_find(int proc_fd);

#endif
