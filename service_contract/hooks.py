def uninstall_hook(env):
    """Remove the sequences that were made for each company."""
    env["ir.sequence"].search(
        [("code", "in", ("service.contract", "service.contract.code"))]
    ).unlink()
