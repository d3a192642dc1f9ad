import pytest


@pytest.fixture(scope="package")
def demo_server(instances):
    """One server for all journeys: they share a company, as people do."""
    with instances(demo=True) as running:
        yield running
