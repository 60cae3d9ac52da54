"""Which clusters belong together, and which split each of them falls into."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256


def in_hash_order(keys: Iterable[str], seed: int) -> list[str]:
    """The keys in an order that depends on each key and the seed alone, not on the other keys.

    So a key that is added later changes nothing about the order of those that were there.
    """
    return sorted(keys, key=lambda key: sha256(f"{seed}/{key}".encode()).digest())


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Whole shares of a total in proportion to weights, by largest remainder; ties to the first.

    The weights are not negative and their sum is not 0.
    """
    exact = [total * weight / sum(weights) for weight in weights]
    # Rounded first: 0.7 * 10 must not lose a cluster to the seventeenth digit.
    shares = [int(round(one, 9)) for one in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: round(shares[i] - exact[i], 9))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def joined(clusters: Sequence[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each cluster's name after the clusters of each pair are made one: that of its first."""
    first = {cluster: cluster for cluster in clusters}
    order = {cluster: position for position, cluster in enumerate(first)}

    def root(cluster: str) -> str:
        while first[cluster] != cluster:
            first[cluster] = first[first[cluster]]
            cluster = first[cluster]
        return cluster

    for pair in pairs:
        earlier, later = sorted(map(root, pair), key=order.__getitem__)
        first[later] = earlier
    return {cluster: root(cluster) for cluster in first}


def assign(
    homes: Mapping[str, str], told: Mapping[str, str], shares: Mapping[str, float], seed: int
) -> dict[str, str]:
    """The split of each cluster: inside each stratum, clusters in hash order are cut at the quota.

    Args:
        homes: The stratum of each cluster; one that spans several is counted in its first.
        told: The split of the clusters that were told one; they count towards its quota.
        shares: The share of each split; need not sum to 1.
        seed: Decides the order.
    """
    strata: dict[str, list[str]] = defaultdict(list)
    for cluster, stratum in homes.items():
        strata[stratum].append(cluster)
    assigned = dict(told)
    for clusters in strata.values():
        free = in_hash_order((c for c in clusters if c not in told), seed)
        taken = [told[c] for c in clusters if c in told]
        whole = len(clusters) / sum(shares.values())
        wanted = [max(0.0, share * whole - taken.count(name)) for name, share in shares.items()]
        quotas = apportion(len(free), wanted) if free else []
        names = [name for name, quota in zip(shares, quotas, strict=False) for _ in range(quota)]
        assigned |= dict(zip(free, names, strict=True))
    return assigned
