"""Vast's view of rentals: instance rows, charges and invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.sandbox.vast.columns import MONTH_H, direct_ports

if TYPE_CHECKING:
    from hunter.sandbox.book import Account
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental

STATUS = {
    "allocating": None,
    "pulling": "loading",
    "starting": "loading",
    "running": "running",
    "exited": "exited",
    "error": "created",
    "stopped": "exited",
    "offline": "offline",
}


def instance_row(market: SandboxMarket, rental: Rental) -> dict[str, Any]:
    """An instance as the service sends it."""
    m, i, now = market.world.machines, rental.machine, market.now()
    stopped = rental.state == "stopped"
    ours = rental.turn.why == "user" or rental.intended == "stopped"
    intended = (
        "stopped"
        if stopped and rental.turn.why in ("outbid", "contract", "credit")
        else rental.intended
    )
    bid = rental.bid_usd_h
    base = rental.gpu_usd_h if bid is None else bid
    storage = rental.storage_usd_gb_month * rental.disk_gb / MONTH_H
    place = market.world.places[int(m.place[i])]
    running = rental.state == "running"
    return (
        {
            "id": rental.number,
            "actual_status": STATUS[rental.state],
            "intended_status": intended,
            "cur_state": "stopped"
            if stopped
            else "loading"
            if rental.state == "allocating"
            else "running",
            "next_state": "stopped" if stopped and (ours or intended == "stopped") else "running",
            "status_msg": rental.turn.message or None,
            "is_bid": bid is not None,
            "dph_base": base,
            "dph_total": base + storage,
            "storage_cost": rental.storage_usd_gb_month,
            "storage_total_cost": storage,
            "search": _cost(base, storage),
            "instance": _cost(base if running else 0.0, storage),
            "min_bid": market.floors.usd_h(rental, now),
            "inet_down_cost": rental.down_usd_gb,
            "inet_up_cost": rental.up_usd_gb,
            "start_date": rental.created_at,
            "end_date": rental.end_at,
            "duration": rental.end_at - now,
            "uptime_mins": (now - rental.turn.at) / 60 if running else None,
            "machine_id": int(m.machine_id[i]),
            "host_id": int(m.host_id[i]),
            "bundle_id": rental.number % 2_000_000_000,
            "geolocation": place,
            "country_code": place.rpartition(", ")[2],
            "verification": "verified" if m.verified[i] else "unverified",
            "reliability2": float(m.reliability[i]),
        }
        | _gpus(market, rental)
        | _machine(market, rental)
        | _access(market, rental)
    )


def _gpus(market: SandboxMarket, rental: Rental) -> dict[str, Any]:
    """What an instance's row says of its GPUs."""
    m, i = market.world.machines, rental.machine
    facts = market.facts["vast"]["gpus"][rental.gpu]
    running = rental.state == "running"
    return {
        "num_gpus": rental.gpu_count,
        "gpu_name": rental.gpu,
        "gpu_ram": facts["mib"],
        "gpu_totalram": facts["mib"] * rental.gpu_count,
        "gpu_frac": rental.gpu_count / int(m.gpus[i]),
        "gpu_util": 60.0 if running else None,
        "gpu_temp": 55.0 if running else None,
        "gpu_arch": "nvidia",
        "gpu_mem_bw": facts["gb_s"] * 0.92,
        "gpu_lanes": 16,
        "dlperf": facts["dlperf"] * rental.gpu_count,
        "total_flops": facts["tflops"] * rental.gpu_count,
        "cuda_max_good": float(m.cuda[i]),
        "driver_version": "560.54.14",
    }


def _machine(market: SandboxMarket, rental: Rental) -> dict[str, Any]:
    """What an instance's row says of its machine's processor, disk and link."""
    m, i = market.world.machines, rental.machine
    running = rental.state == "running"
    return {
        "cpu_cores": int(m.cpu_cores[i]),
        "cpu_cores_effective": float(m.cpu_cores[i]) * rental.gpu_count / int(m.gpus[i]),
        "cpu_name": "AMD EPYC 7763 64-Core Processor",
        "cpu_arch": "amd64",
        "cpu_ram": int(m.ram_mb[i]),
        "cpu_util": 3.0 if running else 0.0,
        "mem_limit": None,
        "mem_usage": None,
        "vmem_usage": None,
        "disk_space": rental.disk_gb,
        "disk_bw": float(m.disk_mb_s[i]),
        "disk_name": "Samsung SSD 990 PRO",
        "disk_usage": -1,
        "disk_util": -1,
        "inet_down": float(m.down_mbps[i]),
        "inet_up": float(m.up_mbps[i]),
    }


def _access(market: SandboxMarket, rental: Rental) -> dict[str, Any]:
    """What an instance's row says of its image and of the ways in."""
    m, i = market.world.machines, rental.machine
    has_ssh = rental.runtype != "args"
    direct = int(direct_ports(market.world, i)[0])
    return {
        "image_uuid": rental.image,
        "image_args": rental.args,
        "image_runtype": rental.runtype,
        "extra_env": [[key, value] for key, value in rental.env.items()],
        "onstart": rental.onstart or "",
        "label": rental.label,
        "template_id": None,
        "template_hash_id": rental.template,
        "template_name": None,
        "ssh_host": f"ssh{rental.number % 9 + 1}.vast.ai" if has_ssh else None,
        "ssh_port": 10_000 + rental.number % 50_000 if has_ssh else None,
        "ssh_idx": str(rental.number % 9 + 1) if has_ssh else None,
        "public_ipaddr": f"203.0.113.{int(m.machine_id[i]) % 250 + 1} \n",
        "local_ipaddrs": "192.168.1.7 \n",
        "ports": _ports(rental, has_ssh) if direct and market.reachable(rental) else {},
        "direct_port_start": -1,
        "direct_port_end": -1,
        "direct_port_count": direct,
        "machine_dir_ssh_port": 22,
        "static_ip": bool(m.datacenter[i]),
        "jupyter_token": f"{rental.number:064x}",
        "volume_info": [],
        "credit_balance": None,
        "credit_discount": None,
        "credit_discount_max": 0.4,
        "client_run_time": 1.1,
        "host_run_time": 259200.0,
        "time_remaining": "",
        "time_remaining_isbid": "",
        "rentable": False,
        "external": False,
        "hosting_type": int(m.datacenter[i]),
        "logo": "/static/logos/vastai_small2.png",
        "webpage": None,
        "os_version": "22.04",
        "mobo_name": "H12SSL",
        "pci_gen": 4.0,
        "pcie_bw": 22.0,
    }


def _ports(rental: Rental, has_ssh: bool) -> dict[str, list[dict[str, str]]]:
    wanted = ["22/tcp"] if has_ssh else []
    for key in rental.env:
        if key.startswith("-p "):
            wanted.append(f"{key[3:].rpartition(':')[2]}/tcp")
    return {
        port: [{"HostIp": "0.0.0.0", "HostPort": str(40_000 + (rental.number * 7 + k) % 20_000)}]  # noqa: S104
        for k, port in enumerate(wanted)
    }


def _cost(gpu: float, disk: float) -> dict[str, float]:
    return {
        "gpuCostPerHour": gpu,
        "diskHour": disk,
        "totalHour": gpu + disk,
        "discountTotalHour": 0.0,
        "discountedTotalPerHour": gpu + disk,
    }


def charge(market: SandboxMarket, rental: Rental, since: float, until: float) -> dict[str, Any]:
    """One instance's line of the itemised bill between two times."""
    bill = market.bill(rental, until, since)
    begin = int(max(since, rental.created_at))
    end = int(min(until, rental.destroyed_at or until))
    rate = bill.gpu_usd / bill.gpu_h if bill.gpu_h else 0.0
    disk_rate = bill.disk_usd / bill.disk_h if bill.disk_h else 0.0
    items = [
        ("gpu", f"{bill.gpu_h:.3f} hours at ${rate:.3f}/hour", bill.gpu_usd),
        ("disk", f"{bill.disk_h:.3f} hours at ${disk_rate:.4f}/hour", bill.disk_usd),
        ("bwd", f"{bill.down_gb:.3f} GB at ${rental.down_usd_gb:.4f}/GB", bill.down_usd),
        ("bwu", f"{bill.up_gb:.3f} GB at ${rental.up_usd_gb:.4f}/GB", bill.up_usd),
    ]
    days = max(1, round((end - begin) / 86400))
    return {
        "start": begin,
        "end": end,
        "type": "instance",
        "source": f"instance-{rental.number}",
        "description": f"Instance {rental.number} Charges - {days} days",
        "amount": bill.usd,
        "metadata": {"label": rental.label},
        "items": [
            {
                "start": begin,
                "end": end,
                "type": kind,
                "source": None,
                "description": text,
                "amount": amount,
                "metadata": {},
                "items": [],
            }
            for kind, text, amount in items
        ],
    }


def user_row(account: Account, balance_usd: float) -> dict[str, Any]:
    """The account as the service describes it."""
    return {
        "id": account.number,
        "email": "renter@sandbox.invalid",
        "username": f"renter{account.number}",
        "fullname": "Sandbox Renter",
        "balance": 0.0,
        "credit": balance_usd,
        "balance_threshold": 5.0,
        "balance_threshold_enabled": False,
        "has_billing": True,
        "has_payout": False,
        "ssh_key": next(iter(account.ssh_keys.values()), ""),
        "host_agreement_accepted": False,
        "host_only": False,
        "sid": "sandbox",
        "api_key": None,
        "billaddress_line1": "",
        "billaddress_line2": "",
        "billaddress_city": "",
        "billaddress_zip": "",
        "billaddress_country": "",
        "billaddress_taxinfo": "",
        "billed_expected": "",
        "billed_verified": "",
        "billing_creditonly": 0,
        "can_pay": True,
        "cc_info": "",
        "current": {"charges": 0.0, "service_fee": 0.0, "total": 0.0, "credit": balance_usd},
        "email_verified": True,
        "got_signup_credit": 0,
        "last4": "",
        "paypal_email": None,
        "password_resettable": True,
        "phone_number": None,
        "total_host": 0.0,
        "tfa_enabled": False,
        "unbilled": 0.0,
        "wise_email": None,
    }
