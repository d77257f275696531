# Twin of reject/c1-zero-count-jump-outside.s, without the fault.
function f
        jrcxz 1f-1
        ret
end f
function g
        nop
1:      ret
end g
