# Twin of reject/m2-beyond-the-arguments.s, without the fault.
function f 8
        movq 8(%rsp), %rcx
        ret
end f
