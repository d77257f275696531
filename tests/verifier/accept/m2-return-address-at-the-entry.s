# Twin of reject/m2-return-address-at-the-entry.s, without the fault.
function f 8
        movq %rcx, 8(%rsp)
        ret
end f
