// SPDX-License-Identifier: MIT
/* nft_attr.h - what nf_tables nests: a value inside NFTA_DATA_VALUE. */
#ifndef SOCKVIEW_FIREWALL_NFT_ATTR_H
#define SOCKVIEW_FIREWALL_NFT_ATTR_H

#include <linux/netfilter/nf_tables.h>

#include <sockview/attrs.h>

/* The bytes of an NFTA_DATA_VALUE inside; NULL and 0 if there is none. */
static inline const uint8_t *nft_value(struct attr attr, size_t *len)
{
	struct attrs data = attrs_nested(attr);
	*len = data.at[NFTA_DATA_VALUE].len;
	return data.at[NFTA_DATA_VALUE].data;
}

#endif
