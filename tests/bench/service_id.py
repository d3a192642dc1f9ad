"""Find one contract among 1,000,000: by Service ID, number, serial or customer."""

from _rows import Dealer, copies, plan, reads_all

from odoo.addons.service_contract.tools import service_code

LIST = {"name": {}, "partner_id": {"fields": {"display_name": {}}}, "state": {}}


def run(bench):
    count = bench.size(1_000_000, least=1000)
    env = bench.env
    fill(env, Dealer(env), count)
    bench.commit()
    user = env["res.users"].search([("login", "=", "bench")])
    code = service_code.make(f"{count // 2:07d}")
    typed = {
        "Service ID": service_code.group(code),
        "Service ID with a prefix": f"ID: {code}",
        "number": f"SC/B/{count // 3:07d}",
        "serial": f"SN-{count // 4:07d}-X",
        "customer": f"Buyer {count // 50:06d}",
        "nothing like it": "Quetzalcoatl 99",
    }

    def find(env, text):
        return env(user=user)["service.contract"]._find_by_service_code(text)

    def box(env, text):
        contracts = env(user=user)["service.contract"]
        domain = [("search_text", "ilike", text)]
        return contracts.web_search_read(domain, LIST, limit=80, count_limit=10001)

    def named(env, text):
        return env(user=user)["service.contract"].name_search(text, limit=8)

    for title in ("Service ID", "Service ID with a prefix", "nothing like it"):
        cost = bench.measure(lambda env, text=typed[title]: find(env, text))
        bench.row(f"_find_by_service_code: {title}", cost, total_sql=5)
    query = env(user=user)["service.contract"]._search(
        [("service_code_key", "in", [code])], order="date_start desc, id desc"
    )
    text = plan(env, query)
    bench.check(
        "the look-up reads its index",
        "service_code_key" in text and not reads_all(text, "service_contract"),
        text.splitlines()[-2].strip(),
    )
    # Odoo's own search of customers is part of each, over a tenth as many rows.
    floor = bench.measure(
        lambda env: env(user=user)["res.partner"].name_search("Buyer 000007", limit=8)
    )
    wide = {**typed, "every contract": "SC/B/"}
    for way, name in ((box, "search box"), (named, "name_search")):
        for title, text in wide.items():
            cost = bench.measure(lambda env, way=way, text=text: way(env, text))
            bench.row(f"{name}: {title} (floor: customers)", cost, floor, total_sql=8)
    first = bench.measure(
        lambda env: env(user=user)["service.contract"].web_search_read(
            [], LIST, limit=80, count_limit=10001
        )
    )
    bench.row("first page of the list", first, total_sql=5)
    for title, text in typed.items():
        for field in ("search_text", "display_name"):
            query = env(user=user)["service.contract"]._search(
                [(field, "ilike", text)], limit=80
            )
            found = plan(env, query)
            bench.check(
                f"{field}, {title}: no table is read as a whole",
                not any(
                    reads_all(found, table)
                    for table in ("service_contract", "service_contract_item")
                ),
            )


def fill(env, dealer, count):
    """Make ``count`` active contracts with one item each, ten for each customer."""
    partners = max(count // 10, 1)
    partner = copies(
        env,
        dealer.customer,
        partners,
        name="'Buyer ' || lpad(n::text, 6, '0')",
        complete_name="'Buyer ' || lpad(n::text, 6, '0')",
    )
    # commercial_partner_id of a company is itself
    env.cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id WHERE id >= %s", [partner]
    )
    env.cr.execute("CREATE TEMPORARY TABLE code (n int PRIMARY KEY, code text)")
    env.cr.execute(
        "INSERT INTO code SELECT n, code"
        " FROM unnest(%s) WITH ORDINALITY AS t (code, n)",
        [[service_code.make(f"{n:07d}") for n in range(1, count + 1)]],
    )
    model = dealer.contract(item_ids=[])
    model.action_activate()
    model.service_code = "0"
    item = env["service.contract.item"].create(
        {"contract_id": model.id, "product_id": dealer.machine.id}
    )
    code = "(SELECT code FROM code WHERE code.n = series.n)"
    first = copies(
        env,
        model,
        count,
        name="'SC/B/' || lpad(n::text, 7, '0')",
        partner_id=f"{partner} + n % {partners}",
        service_code=code,
        service_code_key=code,
        access_token="NULL",
        date_start="p.date_start - n % 1000",
    )
    serial = "'SN-' || lpad(n::text, 7, '0') || '-X'"
    copies(
        env,
        item,
        count,
        contract_id=f"{first} + n - 1",
        partner_id=f"{partner} + n % {partners}",
        serial=serial,
        serial_key=serial,
    )
