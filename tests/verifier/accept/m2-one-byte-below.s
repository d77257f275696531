# Twin of reject/m2-one-byte-below.s, without the fault.
function f
        pushq %rax
        movb %cl, (%rsp)
        popq %rax
        ret
end f
