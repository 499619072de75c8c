from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Hashed names, also inside ES module imports, so that an upgrade never mixes old and new files."""

    support_js_module_import_aggregation = True
