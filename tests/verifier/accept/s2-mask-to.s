# Twin of reject/s2-mask-to.s, without the fault.
function f
        kmovq %k1, %rbp
        ret
end f
