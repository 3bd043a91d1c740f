"""The fake FCM, which every gateway of the tests has."""

from support.fake_provider import FakeProvider, target

__all__ = ["FakeFcm", "target"]


class FakeFcm(FakeProvider):
    NAME = "fcm"

    def app(self, **options):
        """An app of the configuration that is served here."""
        return {
            "type": "fcm",
            "api_version": "v1",
            "project_id": self.ready["project_id"],
            "service_account_file": self.ready["service_account_file"],
            **self.route(),
            **options,
        }
