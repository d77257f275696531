# Twin of reject/m2-half-in-the-return-address.s, without the fault.
function f 8
        pushq %rax
        movw %cx, 6(%rsp)
        popq %rax
        ret
end f
