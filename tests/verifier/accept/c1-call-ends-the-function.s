# Twin of reject/c1-call-ends-the-function.s, without the fault.
function f
        call g
        ud2
end f
        .p2align 4, 0xcc
function g
        ret
end g
