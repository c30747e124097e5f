"""Each service is asked as its documentation says: credentials, limits, errors, patience."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest

from galleria_action.deployment.caches import Cache, Service, parse_caches
from galleria_action.edge.opening import open_purger
from galleria_action.edge.purger import Means
from galleria_action.edge.signing import signer
from galleria_action.errors import PurgeFailed
from galleria_action.net.network import Network
from tests.edge.fakes import SITE, TOKEN, FakeEdge, Reply, fake_edge
from tests.servers import ACCESS_KEY, SECRET_KEY
from tests.storage.scripted import Answer, scripted

PLACES = {
    Service.CLOUDFRONT: "E123", Service.CLOUDFLARE: "0123abcd", Service.BUNNY: "42", Service.FASTLY: "SU1Z",
    Service.KEYCDN: "77", Service.WEBHOOK: "",
}  # fmt: skip
SERVICES = list(Service)


@dataclass
class Patience:
    """Waits in no time, and remembers for how long."""

    waits: list[float] = field(default_factory=list)
    stopped: bool = False

    def __call__(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return not self.stopped


@pytest.fixture
def edge() -> Iterator[FakeEdge]:
    with fake_edge() as made:
        yield made


@pytest.fixture
def patience() -> Patience:
    return Patience()


def purger(edge: FakeEdge, service: Service, patience: Patience, **environ: str) -> Any:
    place = PLACES[service] or f"{edge.url}/hook?key=abc"
    keys = lambda: (ACCESS_KEY, SECRET_KEY, None)  # noqa: E731
    given = {name: value for name, value in (edge.environ | environ).items() if value}
    means = Means(given, Network(), patience, signer(keys))
    return open_purger(Cache(service, place), means)


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_stale_is_forgotten_and_nothing_else(edge: FakeEdge, service: Service, patience: Patience) -> None:
    edge.held = dict.fromkeys(["/a~%20.jpg", "/a/", "/a/b.jpg", "/c.jpg"])
    purger(edge, service, patience).purge(SITE, ["/a~%20.jpg", "/a/"], "ref")
    assert set(edge.held) == {"/a/b.jpg", "/c.jpg"}
    assert {call.service for call in edge.calls} == {service}
    assert not patience.waits


@pytest.mark.parametrize("service", [Service.CLOUDFRONT, Service.CLOUDFLARE, Service.BUNNY, Service.WEBHOOK])
def test_a_folder(edge: FakeEdge, service: Service, patience: Patience) -> None:
    edge.held = dict.fromkeys(["/wedding/full/a.jpg", "/wedding/web/a.jpg"])
    purger(edge, service, patience).purge(SITE, ["/wedding/full/*"], "ref")
    assert set(edge.held) == {"/wedding/web/a.jpg"}


@pytest.mark.parametrize("service", SERVICES)
def test_everything(edge: FakeEdge, service: Service, patience: Patience) -> None:
    edge.held = dict.fromkeys(["/", "/a/b.jpg"])
    purger(edge, service, patience).purge(SITE, ["/*"], "ref")
    assert not edge.held
    assert len(edge.calls) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_as_many_as_are_allowed(edge: FakeEdge, service: Service, patience: Patience) -> None:
    made = purger(edge, service, patience)
    paths = [f"/photos/{'x' * 80}{number}.jpg" for number in range(min(made.allowed.most, 300))]
    wide = [f"/albums/{number}/*" for number in range(made.allowed.wildcards)]
    made.purge(SITE, [*paths, *wide][: made.allowed.most], "ref")
    assert set(edge.purged) >= set(paths[: made.allowed.most - len(wide)])


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_waited_for_as_long_as_the_service_says(
    edge: FakeEdge, service: Service, status: int, patience: Patience
) -> None:
    edge.troubles = [Reply(status, {}, after="7"), Reply(status)]
    purger(edge, service, patience).purge(SITE, ["/a"], "ref")
    assert edge.purged == ["/a"]
    assert patience.waits == [7.0, 1.0]


@pytest.mark.parametrize("service", SERVICES)
def test_patience_ends(edge: FakeEdge, service: Service, patience: Patience) -> None:
    edge.down = Reply(503)
    with pytest.raises(PurgeFailed, match="503"):
        purger(edge, service, patience).purge(SITE, ["/a"], "ref")
    assert edge.asked == 6
    edge.down = Reply(429, after="86400")
    with pytest.raises(PurgeFailed, match="429"):
        purger(edge, service, patience).purge(SITE, ["/a"], "ref")
    assert edge.asked == 7


def test_nobody_waits_after_a_stop(edge: FakeEdge, patience: Patience) -> None:
    patience.stopped, edge.down = True, Reply(503)
    with pytest.raises(PurgeFailed):
        purger(edge, Service.FASTLY, patience).purge(SITE, ["/a"], "ref")
    assert edge.asked == 1


CREDENTIALS = {
    Service.CLOUDFLARE: "CLOUDFLARE_API_TOKEN", Service.BUNNY: "BUNNY_API_KEY", Service.FASTLY: "FASTLY_API_TOKEN",
    Service.KEYCDN: "KEYCDN_API_KEY",
}  # fmt: skip


@pytest.mark.parametrize(("service", "name"), CREDENTIALS.items())
def test_without_a_credential_nothing_is_asked(edge: FakeEdge, service: Service, name: str, patience: Patience) -> None:
    with pytest.raises(PurgeFailed, match=name):
        purger(edge, service, patience, **{name: ""}).purge(SITE, ["/a"], "ref")
    with pytest.raises(PurgeFailed, match=name):
        purger(edge, service, patience, **{name: "two\nlines"}).purge(SITE, ["/a"], "ref")
    assert edge.asked == 0


@pytest.mark.parametrize(("service", "name"), [*CREDENTIALS.items(), (Service.WEBHOOK, "PURGE_WEBHOOK_TOKEN")])
def test_a_wrong_credential_is_told_and_not_tried_again(
    edge: FakeEdge, service: Service, name: str, patience: Patience
) -> None:
    with pytest.raises(PurgeFailed, match="does not permit") as failed:
        purger(edge, service, patience, **{name: "wrong-credential"}).purge(SITE, ["/a"], "ref")
    assert "wrong-credential" not in str(failed.value)
    assert edge.asked == 1


@pytest.mark.parametrize("service", [it for it in SERVICES if it not in (Service.WEBHOOK, Service.BUNNY)])
def test_a_success_that_does_not_say_so_is_none(edge: FakeEdge, service: Service, patience: Patience) -> None:
    edge.down = Reply(200, "<html>Welcome to nginx!</html>")
    with pytest.raises(PurgeFailed, match="does not say"):
        purger(edge, service, patience).purge(SITE, ["/a"], "ref")


# -- what is particular --------------------------------------------------------------------------------------------


def test_cloudfront_waits_while_others_are_in_progress(edge: FakeEdge, patience: Patience) -> None:
    edge.in_progress = 2
    purger(edge, Service.CLOUDFRONT, patience).purge(SITE, ["/a"], "ref")
    assert edge.purged == ["/a"]
    assert patience.waits == [10.0, 10.0]


def test_cloudfront_is_asked_for_the_same_once_when_its_answer_is_lost(edge: FakeEdge, patience: Patience) -> None:
    edge.troubles = [Reply(503, effect=True)]
    purger(edge, Service.CLOUDFRONT, patience).purge(SITE, ["/a"], "ref")
    assert len(edge.references) == 1
    purger(edge, Service.CLOUDFRONT, patience).purge(SITE, ["/a"], "another")
    assert len(edge.references) == 2


def test_cloudfront_wants_a_true_signature(edge: FakeEdge, patience: Patience) -> None:
    made = purger(edge, Service.CLOUDFRONT, patience)
    made.means = replace(made.means, sign=signer(lambda: (ACCESS_KEY, "another", None)))
    with pytest.raises(PurgeFailed, match="does not permit"):
        made.purge(SITE, ["/a"], "ref")


def test_cloudfront_is_waited_for_until_it_is_in_force(edge: FakeEdge, patience: Patience) -> None:
    made = purger(edge, Service.CLOUDFRONT, patience)
    made.purge(SITE, ["/a"], "ref")
    edge.pending = 3
    assert made.settle()
    assert patience.waits == [10.0, 10.0]


def test_cloudfront_with_moto(moto: str, patience: Patience) -> None:
    client = boto3.client(
        "cloudfront", "us-east-1", endpoint_url=moto, aws_access_key_id="a", aws_secret_access_key="b"
    )
    origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    config = {
        "CallerReference": "1", "Comment": "", "Enabled": True, "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"},
    }  # fmt: skip
    made = client.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    means = Means({"AWS_ENDPOINT_URL_CLOUDFRONT": moto}, Network(), patience, signer(lambda: ("a", "b", None)))
    cloudfront: Any = open_purger(Cache(Service.CLOUDFRONT, made), means)
    cloudfront.purge("", ["/a.jpg", "/photos/*"], "ref")
    found = client.list_invalidations(DistributionId=made)["InvalidationList"]["Items"]
    batch = client.get_invalidation(DistributionId=made, Id=found[0]["Id"])["Invalidation"]["InvalidationBatch"]
    assert batch["Paths"]["Items"] == ["/a.jpg", "/photos/*"]
    assert cloudfront.settle()
    missing: Any = open_purger(Cache(Service.CLOUDFRONT, "E000000000000"), means)
    with pytest.raises(PurgeFailed, match="does not know"):
        missing.purge("", ["/a.jpg"], "ref")


def test_cloudflare_never_evicts_what_others_have_in_the_zone(edge: FakeEdge, patience: Patience) -> None:
    purger(edge, Service.CLOUDFLARE, patience).purge(SITE, ["/*", "/a", "/w/*"], "ref")
    assert [next(iter(call.document)) for call in edge.calls] == ["files", "prefixes", "hosts"]


def test_bunny_by_the_address_of_its_zone(edge: FakeEdge, patience: Patience) -> None:
    means = Means(edge.environ, Network(), patience, signer(lambda: ("a", "b", None)))
    open_purger(Cache(Service.BUNNY, "https://me.b-cdn.net"), means).purge(SITE, ["/a", "/*"], "ref")
    assert [call.document for call in edge.calls] == ["me.b-cdn.net", "me.b-cdn.net"]
    assert edge.purged == ["/a", "/*"]


def test_the_webhook_is_told_what_and_where(edge: FakeEdge, patience: Patience) -> None:
    purger(edge, Service.WEBHOOK, patience).purge(SITE, ["/a", "/b/*"], "ref")
    assert edge.calls[0].document == {
        "schema": 1, "reference": "ref", "site": SITE, "paths": ["/a", "/b/*"],
        "addresses": [f"{SITE}/a", f"{SITE}/b/*"],
    }  # fmt: skip


def test_a_credential_goes_to_no_other_host(edge: FakeEdge, patience: Patience) -> None:
    with scripted(Answer(307, headers={"Location": f"{edge.url}/client/v4/zones/1/purge_cache"})) as script:
        with pytest.raises(PurgeFailed, match="leads"):
            purger(edge, Service.CLOUDFLARE, patience, CLOUDFLARE_API_URL=script.url).purge(SITE, ["/a"], "ref")
        assert len(script.requests) == 1
    assert edge.asked == 0


# -- names ---------------------------------------------------------------------------------------------------------


def test_caches_one_a_line() -> None:
    found = parse_caches("cloudfront:E1\n\n  bunny:42  \ncloudfront:E1\nwebhook:https://h/x?key=secret\n")
    assert [it.name for it in found[:2]] == ["cloudfront:E1", "bunny:42"]
    assert found[2].name.startswith("webhook:h#")
    assert "secret" not in repr(found) + found[2].name


@pytest.mark.parametrize(
    "text",
    ["cloudfront", "cloudfront:", "akamai:1", "cloudflare:example.org", "fastly:a/b", "keycdn:../1", "webhook:ftp://a",
     "bunny:https://a b", "cloudfront:E1/../E2"],
)  # fmt: skip
def test_what_is_no_cache_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cache|followed"):
        parse_caches(text)


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_tells_the_token(edge: FakeEdge, service: Service, patience: Patience) -> None:
    assert TOKEN not in repr(purger(edge, service, patience))
    assert SECRET_KEY not in repr(purger(edge, service, patience))
