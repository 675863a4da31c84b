# SPDX-License-Identifier: EUPL-1.2
# bash completion for rogatory(1)

_rogatory()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local commands="init conf-check import ask check info retain preserve holds top pki directory log office order open inform inbox answer clear object verify decode plan dialects help version"
    local options

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
        return
    fi
    # The same word is something else in another command.
    case $command:$prev in
    top:--node) return ;;
    *:--node | office:--from | *:--directory | open:--to)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return ;;
    order:--kind)
        mapfile -t COMPREPLY < <(compgen -W "production preservation ipv4 ipv6 ip-range phone email imei mac user-id
            service-url other" -- "$cur")
        return ;;
    order:--reason)
        mapfile -t COMPREPLY < <(compgen -W "not-needed mistake ea-refused review-lifted wrong-person wrong-time
            wrong-identifier too-much other" -- "$cur")
        return ;;
    answer:--reason)
        mapfile -t COMPREPLY < <(compgen -W "incomplete manifest-error insufficient-information not-stored force-majeure
            wrong-authority wrong-offence service-out-of-scope immunity-or-press third-country-law other" -- "$cur")
        return ;;
    answer:--part) mapfile -t COMPREPLY < <(compgen -W "evidence statement provenance" -- "$cur"); return ;;
    answer:--register)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return ;;
    inform:--ground)
        mapfile -t COMPREPLY < <(compgen -W "inquiry offences public-security national-security rights-of-others" -- "$cur")
        return ;;
    esac
    case $prev in
    --store | --log)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return ;;
    --batch | --config | --key | --signature | --last | --organisations | --form | --source)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return ;;
    --proto) mapfile -t COMPREPLY < <(compgen -W "tcp udp icmp" -- "$cur"); return ;;
    --mapping)
        mapfile -t COMPREPLY < <(compgen -W "endpoint-independent destination-dependent" -- "$cur")
        return ;;
    --loss) mapfile -t COMPREPLY < <(compgen -W "reported sequence undetectable" -- "$cur"); return ;;
    --format)
        mapfile -t COMPREPLY < <(compgen -W "auto pcap flow $(rogatory dialects 2>/dev/null |
            sed -n '/^Text formats/,$s/^  \([a-z0-9-]*\) .*/\1/p')" -- "$cur")
        return ;;
    --dialect)
        mapfile -t COMPREPLY < <(compgen -W "$(rogatory dialects 2>/dev/null |
            sed -n 's/^  \([a-z0-9-]*\)  (.*/\1/p')" -- "$cur")
        return ;;
    --zone)
        mapfile -t COMPREPLY < <(cd /usr/share/zoneinfo 2>/dev/null && compgen -f -- "$cur")
        return ;;
    --as) mapfile -t COMPREPLY < <(compgen -W "csv nftables vpp" -- "$cur"); return ;;
    --algorithm) mapfile -t COMPREPLY < <(compgen -W "sequential staggered" -- "$cur"); return ;;
    --protocol) mapfile -t COMPREPLY < <(compgen -W "tcp udp icmp dccp sctp udplite" -- "$cur"); return ;;
    --output)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return ;;
    --address | --limit | --inside | --outside | --ports | --block-size | --ratio | --dynamic | --ea-bits) return ;;
    --psid-offset | --valid-from | --valid-to | --vrf | --interface) return ;;
    --kind)
        mapfile -t COMPREPLY < <(compgen -W "order-issued order-received order-checked decision later-validation authority-notified
            plaintext-read released refused data-obtained preserved withdrawn enforcement remedy costs
            retention opening-erased administration window-sealed directory-changed message-sent
            message-received receipt evidence-fetched person-informed informing-delayed error-reported log-witnessed
            log-refused" -- "$cur")
        return ;;
    --interval) return ;;
    --year | --order | --reason | --origin) return ;;
    --from | --to | --until | --extend | --production | --let-go) return ;;
    --at | --case | --dest | --skew | --realm | --exporter) return ;;
    esac
    case $command in
    import)
        options="--store --realm --exporter --dialect --format --zone --year --mapping --loss --json --quiet --help" ;;
    decode) options="--dialect --format --zone --year --exporter --limit --json --help" ;;
    ask) options="--store --case --at --proto --dest --skew --batch --json --help" ;;
    init) options="--key --json --help" ;;
    conf-check) options="--config --json --help" ;;
    retain) options="--store --dry-run --json --help" ;;
    preserve) options="--store --case --proto --from --to --until --extend --production --let-go --json --help" ;;
    holds) options="--store --json --help" ;;
    top) options="--node --config --once --interval --limit --json --help" ;;
    pki) options="--organisations --days --json --help" ;;
    directory)
        options="--key --signature --last --json --help"
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "show check sign $options" -- "$cur")
            return
        fi ;;
    log)
        options="--log --node --key --year --from --limit --kind --order --reason --origin --output --without-opening --store --json --help"
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "init check stats show prove erase seal-windows $options" -- "$cur")
            return
        fi ;;
    office)
        options="--node --from --directory --organisation --people --listen --store --keys --token-files --timestamp-url --timestamps --json --help"
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "init check show $options" -- "$cur")
            return
        fi ;;
    order)
        options="--node --form --template --kind --source --title --line --text --answer --identifier --reason --why
            --decision --court --authority --keep-data --state --what --consequence --person-informed --data-deleted
            --json --help"
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "new edit paste type compare remove show check
                submit approve disapprove revise discard send withdraw extend clarify ask-validation validate amend review report-error fetch status list $options" -- "$cur")
            return
        fi ;;
    open)
        options="--node --to --purpose --json --help" ;;
    inform)
        options="--node --means --remedies --language --data --reference --secrecy-ends --delay-until --ground
            --why --json --help" ;;
    inbox)
        options="--node --why --json --help"
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "list show check accept $options" -- "$cur")
            return
        fi ;;
    answer)
        options="--node --purpose --register --part --reason --why --identifier --needed --text --spoke-with --not-confirmed
            --country --law --obligation --applies --consequence --link --condition --means --json --help"
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "prepare show release refuse clarify call-back notice noticed $options" -- "$cur")
            return
        fi ;;
    clear) options="--node --why --json --help" ;;
    object) options="--node --ground --why --identifier --condition --delete --json --help" ;;
    check | info) options="--store --json --help" ;;
    plan)
        options="--store --address --limit --inside --outside --ports --block-size --ratio --dynamic --algorithm
            --include-boundary-addresses --ea-bits --psid-offset --valid-from --valid-to --protocol --vrf --as
            --interface --output --json --help"
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "show check make $options" -- "$cur")
            return
        elif [ "$prev" = make ]; then
            mapfile -t COMPREPLY < <(compgen -W "rfc7422 det44 juniper a10 map-e map-t lw4o6 nftables" -- "$cur")
            return
        fi ;;
    verify) options="--pinned --directory --directory-key --directory-signature --log-key --timestamps --timestamp-required --at --strict --beside --object --json --help" ;;
    dialects | version) options="--json --help" ;;
    help) options="--json --help $commands" ;;
    *) return ;;
    esac
    if [[ $command == help || $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    elif [ "$command" = decode ] || [ "$command" = import ] || [ "$command" = plan ]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}

complete -F _rogatory rogatory
