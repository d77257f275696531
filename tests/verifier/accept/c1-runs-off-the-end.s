# Twin of reject/c1-runs-off-the-end.s, without the fault.
function f
        nop
        ret
end f
