"""Which addresses may be talked to."""

import pytest

from kobling.records import SettingsError
from kobling.sdk.hosts import checked_base_url, parse_allow_hosts, same_origin

OWN = ("api.vendor.dk", "*.vendor.com")


def check(url, allow=()):
    return checked_base_url(url, vendor="Vendor", hosts=OWN, allow_hosts=allow)


@pytest.mark.parametrize("url", ["https://api.vendor.dk", "https://firma.vendor.com/crm/", "https://API.vendor.dk:443"])
def test_the_vendors_own_hosts_are_fine_over_https(url):
    assert check(url) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://api.vendor.dk", "https_needed"),
        ("https://evil.example", "host_not_allowed"),
        ("https://vendor.com", "host_not_allowed"),
        ("https://evilvendor.com", "host_not_allowed"),
        ("https://api.vendor.dk.evil.example", "host_not_allowed"),
        ("https://api.vendor.dk:8443", "host_not_allowed"),
        ("https://127.0.0.1", "host_not_allowed"),
        ("https://[::1]", "host_not_allowed"),
        ("http://169.254.169.254/latest", "host_not_allowed"),
        ("https://user:pw@api.vendor.dk", "userinfo"),
        ("https://api.vendor.dk@evil.example", "userinfo"),
        ("https://api.vendor.dk\\@evil.example", "not_an_address"),
        ("https://evil.example#api.vendor.dk", "not_an_address"),
        ("https://api.vendor.dk?x=1", "not_an_address"),
        ("file:///etc/passwd", "not_an_address"),
        ("api.vendor.dk", "not_an_address"),
        ("https://", "not_an_address"),
        ("https://api.vendor.dk:99999", "not_an_address"),
        ("", "not_an_address"),
    ],
)
def test_anything_else_is_refused_with_a_reason(url, code):
    with pytest.raises(SettingsError) as caught:
        check(url)
    assert caught.value.code == code
    assert "pw" not in str(caught.value)


def test_the_operator_may_allow_a_host_with_or_without_port_and_http():
    allow = parse_allow_hosts(" 127.0.0.1:8001, crm.firma.dk ,,")
    assert check("http://127.0.0.1:8001", allow) == "http://127.0.0.1:8001"
    assert check("https://crm.firma.dk:444/crm", allow) == "https://crm.firma.dk:444/crm"
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:8002 to KOBLING_ALLOW_HOSTS"):
        check("http://127.0.0.1:8002", allow)


def test_origins_are_scheme_host_and_port():
    assert same_origin("https://a.dk/x", "https://a.dk:443/y")
    assert not same_origin("https://a.dk", "http://a.dk")
    assert not same_origin("https://a.dk", "https://b.dk")
