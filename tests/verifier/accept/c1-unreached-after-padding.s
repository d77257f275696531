# Twin of reject/c1-unreached-after-padding.s, without the fault.
function f
        ret
        nop
        ud2
end f
